"""What one pass over the packets of a video file tells, before any frame is wanted."""

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from reid.errors import InputError

_FORMATS: Final = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,mxf,dv,gif,ivf,yuv4mpegpipe,h264,hevc,m4v"
_SAFE: Final = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
"""Neither play lists, which make FFmpeg open other files and addresses, nor pictures, which are no videos."""

_STRICT: Final = int(av.__version__.split(".")[0]) < 19  # noqa: PLR2004 - what the words below say
_LENIENT: Final[dict[str, Any]] = {"metadata_errors": "replace"} if _STRICT else {}
"""A title that is not UTF-8 is no reason to refuse a video; PyAV takes it so by itself since version 19."""

_EXACT_TIMES: Final = ("mov,mp4", "matroska")
"""Containers that store when each frame is shown; the others leave it to guesses."""

_HIDDEN_FRAMES: Final = ("vp8",)
"""Codecs with packets that show nothing."""

_SLACK: Final = 0.2
_SLACK_SECONDS: Final = 0.5
"""How much may be missing at the end: headers round, and the last packet may not say how long it is shown."""


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A video file and where its frames are.

    Attributes:
        path: the file.
        codec: FFmpeg's name of the codec.
        pixels: height times width.
        frames: how many frames it shows.
        times: when each frame is shown, ascending, in units of the stream; empty where the file does not say so
            reliably, and frames are found by counting from the start.
        starts: numbers of the frames at which decoding can start, ascending; empty where `times` is.
        plain: whether `times` is known, the frames are stored in the order in which they are shown (no B-frames), and
            the header, if it counts them, counts them rightly.
    """

    path: Path
    codec: str
    pixels: int
    frames: int
    times: tuple[int, ...]
    starts: tuple[int, ...]
    plain: bool


class _Shown(NamedTuple):
    """One packet that shows a frame."""

    time: int | None
    key: bool


class _Timeline(NamedTuple):
    """`times`, `starts` and `plain` of a `VideoFile`."""

    times: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    plain: bool = False


@contextmanager
def open_video(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open the first video stream of a file, for reading from its start.

    Raises:
        InputError: the file is not a video, or is damaged at the point that is being read.
    """
    try:
        with av.open(str(path.absolute()), options=_SAFE, **_LENIENT) as container:
            yield container, _first_video(container, path)
    except av.FFmpegError as error:
        raise InputError(f"{path}: {_reason(error)}; give a video that players show, or a folder of frames") from error


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Decode a stream from where the container stands to its end."""
    try:
        yield from container.decode(stream)
    except IndexError:  # how PyAV ends a file in which further streams appeared late (MPEG-TS)
        return


def index_video(path: Path) -> VideoFile:
    """Find the frames of a video file.

    Raises:
        InputError: the file is not a video, shows no frame, or ends long before the time that its header announces.
    """
    with open_video(path) as (container, stream):
        codec, pixels = stream.codec_context.name, stream.codec_context.height * stream.codec_context.width
        tells = container.format.name.startswith(_EXACT_TIMES) and codec not in _HIDDEN_FRAMES
        timeline = _timeline(_scan(path, container, stream), stream.frames) if tells else _Timeline()
    frames = len(timeline.times) or _count_by_decoding(path)
    if not frames:
        raise InputError(f"{path}: the video shows no frame; check that a player shows it")
    return VideoFile(path, codec, pixels, frames, *timeline)


def _reason(error: av.FFmpegError) -> str:
    if error.errno == errno.EINVAL:  # how a format that is not among `_FORMATS` is refused
        return "not a video, but perhaps a picture, sound or a play list"
    return f"not a video, or a damaged one ({(error.strerror or str(error)).lower()})"


def _first_video(container: InputContainer, path: Path) -> VideoStream:
    for stream in container.streams.video:
        is_cover = stream.disposition & Disposition.attached_pic  # of a piece of music
        if not is_cover and stream.codec_context is not None:  # None: a codec that FFmpeg does not know
            stream.thread_type = "AUTO"
            return stream
    raise InputError(
        f"{path}: no video in it that can be decoded (only sound, or cut off); give a video or a folder of frames"
    )


def _scan(path: Path, container: InputContainer, stream: VideoStream) -> list[_Shown]:
    """Packets that show a frame, in the order of decoding."""
    shown, end = [], 0.0
    for packet in container.demux():
        if packet.pts is not None and packet.time_base:
            end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
        if packet.size and packet.stream.index == stream.index and not packet.is_discard:
            shown.append(_Shown(packet.pts, packet.is_keyframe))
    _refuse_cut_off(path, container, end)
    return shown


def _refuse_cut_off(path: Path, container: InputContainer, end: float) -> None:
    """Compare the second at which the last packet of any stream ends with the length in the header."""
    announced = (container.duration or 0) / av.time_base
    there = end - (container.start_time or 0) / av.time_base
    if announced - there > max(_SLACK_SECONDS, _SLACK * announced):
        times = f"{max(there, 0):.1f} of the {announced:.1f} seconds that its header announces"
        raise InputError(f"{path}: the file is cut off, it holds {times}; copy or download it again")


def _timeline(packets: Sequence[_Shown], announced: int) -> _Timeline:
    """When frames are shown; nothing where stamps are missing or double, or the first frames cannot be decoded."""
    times = sorted({packet.time for packet in packets if packet.time is not None})
    if not packets or len(times) < len(packets) or not packets[0].key or packets[0].time != times[0]:
        return _Timeline()
    number = {time: place for place, time in enumerate(times)}
    starts = sorted(number[packet.time] for packet in packets if packet.key and packet.time is not None)
    plain = times == [packet.time for packet in packets] and announced in {0, len(times)}
    return _Timeline(tuple(times), tuple(starts), plain)


def _count_by_decoding(path: Path) -> int:
    with open_video(path) as (container, stream):
        return sum(1 for _ in decoded(container, stream))
