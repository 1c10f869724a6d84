"""Why a model decides what it decides: attribution of any score on whole tracklets.

A *target* (`explain.targets`) picks the score, an *explainer* (`explain.cam`) maps it onto the clip as a raw signed
map, an *overlay* (`explain.overlay`) draws the map, a *sink* (`explain.sinks`) keeps it, and a *metric*
(`explain.metrics`) judges it. `explain.callback` does all of it during validation, `explain.command` from the command
line. Nothing is imported here: `explain.py --help` must not wait for torch.
"""
