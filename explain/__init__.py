"""Why a model decides what it decides: attribution of any score on whole tracklets."""
