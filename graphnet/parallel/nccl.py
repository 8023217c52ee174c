"""The communicator of ranks that each have a GPU of their own: arrays travel by NCCL.

Everything but arrays travels by MPI, as it does without NCCL. This has been tested with a stand-in
for NCCL only, since no machine with several GPUs was at hand.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from pathlib import Path
from time import sleep
from typing import Any, NoReturn, TypeVar, cast

import numpy as np

from graphnet.errors import LostRankError
from graphnet.parallel.communicator import Communicator, Parcel

T = TypeVar("T")

_BYTE = 0  # ncclInt8 of nccl.h: arrays are sent as they lie in memory
_NAP_S = 1e-4
_DEVICES = "CUDA_VISIBLE_DEVICES"


def pick_device(
    environ: MutableMapping[str, str], local_rank: int, devices: Path = Path("/dev")
) -> None:
    """Give a rank one GPU of its machine, in turn; to be called before CUDA starts.

    Args:
        environ: Of the process; where it names visible devices, one of these is chosen.
        local_rank: Among the ranks of the machine.
        devices: Where the system lists them.
    """
    present = [path.name.removeprefix("nvidia") for path in devices.glob("nvidia[0-9]*")]
    visible = environ[_DEVICES].split(",") if _DEVICES in environ else sorted(present, key=int)
    if len(visible) > 1:
        environ[_DEVICES] = visible[local_rank % len(visible)]


def by_nccl(communicator: Communicator) -> Communicator:
    """The communicator by NCCL, where there is one and no two ranks share a GPU; else as it is."""
    import cupy
    from cupy.cuda import nccl

    device = f"{communicator.describe()[communicator.rank].rpartition(' on ')[2]} " + str(
        cupy.cuda.Device().pci_bus_id
    )
    found = communicator.all_gather(device if nccl.available else "")
    if "" in found or len(set(found)) < len(found):
        return communicator
    return NCCLCommunicator(communicator, nccl, cupy.cuda.get_current_stream)


class NCCLCommunicator(Communicator):
    """Ranks with a GPU each.

    Args:
        other: Reaches the same ranks by other means.
        nccl: The library, as CuPy gives it.
        stream: Gives the CUDA stream that computes.
    """

    takes_device = True

    def __init__(self, other: Communicator, nccl: Any, stream: Callable[[], Any]) -> None:
        self._other, self._nccl, self._stream = other, nccl, stream
        self.rank, self.size = other.rank, other.size
        self.local_rank, self.local_size = other.local_rank, other.local_size
        self.is_launched = other.is_launched
        self.is_elastic, self.min_ranks = other.is_elastic, other.min_ranks
        number = other.broadcast(nccl.get_unique_id() if other.rank == 0 else None)
        self._ranks = nccl.NcclCommunicator(self.size, number, self.rank)

    def exchange(self, sends: Sequence[Parcel], receives: Sequence[Parcel]) -> None:
        """See the contract."""
        if any(isinstance(parcel.array, np.ndarray) for parcel in (*sends, *receives)):
            self._other.exchange(sends, receives)
            return
        stream = self._stream()
        self._nccl.groupStart()
        for peer, array in sends:
            self._ranks.send(cast("Any", array).data.ptr, array.nbytes, _BYTE, peer, stream.ptr)
        for peer, array in receives:
            self._ranks.recv(cast("Any", array).data.ptr, array.nbytes, _BYTE, peer, stream.ptr)
        self._nccl.groupEnd()
        if self.is_elastic:
            self._wait(stream)

    def _wait(self, stream: Any) -> None:
        """Wait for an exchange, which would not end by itself where a rank has gone."""
        while not stream.done:
            self.check()
            sleep(_NAP_S)

    def broadcast(self, value: T) -> T:
        """See the contract."""
        return self._other.broadcast(value)

    def all_gather(self, value: T) -> list[T]:
        """See the contract."""
        return self._other.all_gather(value)

    def abort(self, message: str) -> NoReturn:
        """See the contract."""
        self._other.abort(message)

    def describe(self) -> list[str]:
        """See the contract."""
        return self._other.describe()

    def start_watching(self) -> None:
        """See the contract."""
        self._other.start_watching()

    def close(self) -> None:
        """See the contract."""
        self._other.close()

    def check(self) -> None:
        """See the contract."""
        try:
            self._other.check()
        except LostRankError:
            self._ranks.abort()  # what is under way ends, and with it what waits for it
            raise

    def without_lost(self) -> Communicator:
        """See the contract; NCCL's communicator is made anew."""
        return NCCLCommunicator(self._other.without_lost(), self._nccl, self._stream)

    def agree(self) -> bool:
        """See the contract."""
        return self._other.agree()
