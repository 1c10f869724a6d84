"""What every backbone costs: parameters, grid of its map, clips a second, memory; one Markdown table from one run.

    python -m benchmarks.backbones
    python -m benchmarks.backbones --device cuda

Clips have 8 frames of 256x128 (252x126 where a patch has 14 pixels), one at a time; weights are random. Speed is the
median of repeated forward passes in inference mode, each precision in a process of its own; memory is what the first
such pass adds to the process at most. The share of the matrix rate is the network's operations a second over those of a
product of two square matrices (1024 on a CPU, 8192 on a GPU) in float32, measured in the same process: where the bf16
column is larger, bf16 pays.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from reid.backbones import I3D, TSM, Backbone, FrameWise, MViTv2, OSNet, ResNetTA, UniFormerV2, VideoResNet
from reid.backbones.heads import LSTMHead
from reid.backbones.uniformer import uniformerv2_l14

Size = tuple[int, int]
SECONDS = 4.0
"""How long a forward pass is repeated; of one that takes longer the first counts."""
PATIENCE = 25.0
"""Seconds after which a measurement is given up (a CPU that lacks a type computes it hundreds of times slower)."""

BACKBONES: Mapping[str, Callable[[Size], Backbone]] = {
    "ResNet50, mean (TP)": lambda size: ResNetTA(50, size, attention="mean"),
    "ResNet50-TA": lambda size: ResNetTA(50, size),
    "ResNet50, LSTM (RNN)": lambda size: FrameWise("resnet50", size, head=LSTMHead),
    "OSNet x0.25": lambda size: OSNet("x0.25", size),
    "OSNet x1.0": lambda size: OSNet("x1.0", size),
    "TSM-ResNet50": lambda size: TSM(50, size),
    "R3D-18": lambda size: VideoResNet("r3d", size),
    "MC3-18": lambda size: VideoResNet("mc3", size),
    "R(2+1)D-18": lambda size: VideoResNet("r2plus1d", size),
    "Inception-I3D": I3D,
    "MViTv2-S": lambda size: MViTv2(size, 8 if size[0] != size[1] else 16),
    "UniFormerV2-B/16": UniFormerV2,
    "UniFormerV2-L/14": uniformerv2_l14,
    "timm convnext_tiny": lambda size: FrameWise("convnext_tiny", size),
    "timm vit_base_patch16_clip_quickgelu_224": lambda size: FrameWise("vit_base_patch16_clip_quickgelu_224", size),
    "timm vit_small_patch14_dinov2": lambda size: FrameWise("vit_small_patch14_dinov2", size),
    "timm vit_small_patch16_dinov3": lambda size: FrameWise("vit_small_patch16_dinov3", size),
    "timm swin_tiny_patch4_window7_224": lambda size: FrameWise("swin_tiny_patch4_window7_224", size),
    "timm eva02_small_patch14_224": lambda size: FrameWise("eva02_small_patch14_224", size),
    "timm mobilenetv3_large_100": lambda size: FrameWise("mobilenetv3_large_100", size),
    "timm efficientnet_b0": lambda size: FrameWise("efficientnet_b0", size),
}


class Cost(NamedTuple):
    """Of a backbone in one precision; the matrix rate of the device in operations a second."""

    clips_per_second: float
    megabytes: float
    matrix_rate: float


def sizes(name: str) -> tuple[Size, Size]:
    """The square and the upright size of a row."""
    return (224, 224), ((252, 126) if "/14" in name or "patch14" in name else (256, 128))


def on_paper(name: str, size: Size, frames: int) -> tuple[str, float, float]:
    """Grid of the map t x h x w, parameters and operations for a clip, without computing anything."""
    with torch.device("meta"):
        backbone = BACKBONES[name](size).eval()
        with FlopCounterMode(display=False) as counter:
            shape = backbone(torch.empty(1, 3, frames, *size)).map.shape
    parameters = sum(parameter.numel() for parameter in backbone.parameters())
    return "x".join(map(str, shape[2:])), parameters, counter.get_total_flops()


def median_seconds(work: Callable[[], object], device: torch.device) -> float:
    """Repeat for a while."""
    taken: list[float] = []
    while sum(taken) < SECONDS:
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def matrix_rate(device: torch.device) -> float:
    """Operations a second of a large matrix product in float32."""
    side = 8192 if device.type == "cuda" else 1024
    left, right = (torch.randn(side, side, device=device) for _ in range(2))
    return 2 * side**3 / median_seconds(lambda: left @ right, device)


def restart_peak(device: torch.device) -> float:
    """Forget earlier peaks; MB in use now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    else:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is what is in use now
    return peak(device)


def peak(device: torch.device) -> float:
    """The most MB in use since the last restart."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


@torch.inference_mode()
def cost(name: str, dtype: torch.dtype, device: torch.device) -> Cost:
    """Run one backbone on one clip."""
    size = sizes(name)[1]
    backbone = BACKBONES[name](size).eval().to(device)
    clip = torch.randn(1, 3, 8, *size, device=device)
    before = restart_peak(device)
    with nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype):
        started = time.perf_counter()
        backbone(clip)
        first = time.perf_counter() - started
        megabytes = peak(device) - before
        seconds = first if first > SECONDS else median_seconds(lambda: backbone(clip), device)
    return Cost(1 / seconds, megabytes, matrix_rate(device))


def row(name: str, device: str) -> str:
    """One line of the table."""
    square, upright = sizes(name)
    grid, parameters, operations = on_paper(name, upright, frames=8)
    costs = [_cost_or_none(name, dtype, torch.device(device)) for dtype in (torch.float32, torch.bfloat16)]
    cells = (
        f"{name} (252x126)" if upright[0] == 252 else name,
        f"{parameters / 1e6:.1f}",
        on_paper(name, square, frames=16)[0],
        grid,
        f"{operations / 1e9:.0f}",
        *(f"{each.clips_per_second:.2f}" if each else f"< {1 / PATIENCE:.2f}" for each in costs),
        *(f"{each.megabytes:.0f}" if each else "-" for each in costs),
        *(f"{operations * each.clips_per_second / each.matrix_rate:.0%}" if each else "-" for each in costs),
    )
    return f"| {' | '.join(cells)} |"


def _cost_or_none(name: str, dtype: torch.dtype, device: torch.device) -> Cost | None:
    """Measure in a process of its own; None if it takes too long."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        try:
            return pool.apply_async(cost, (name, dtype, device)).get(PATIENCE + 10)  # and the start of the process
        except multiprocessing.TimeoutError:
            return None


def main() -> None:
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--device", default="cpu")
    device = flags.parse_args().device
    where = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"torch {torch.__version__}, {where}, bf16 in hardware: {_has_bf16(device)}\n")
    print(
        "| backbone | million parameters | map at 16x224x224 | map at 8x256x128 | GFLOP a clip | clips/s fp32 "
        "| clips/s bf16 | MB fp32 | MB bf16 | share of the matrix rate fp32 | bf16 |"
    )
    print("|" + "---|" * 11)
    for name in BACKBONES:
        print(row(name, device), flush=True)


def _has_bf16(device: str) -> bool:
    """Whether the device multiplies bfloat16 itself."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001 - torch has no public question


if __name__ == "__main__":
    main()
