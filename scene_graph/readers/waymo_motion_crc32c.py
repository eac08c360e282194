"""The checksum of the records of a tfrecord file: CRC-32C."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import UInt32

__all__ = ["crc32c", "masked_crc32c"]

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_LANE_BYTES = 1024
_MASK_DELTA = 0xA282EAD8


def crc32c(data: bytes) -> int:
    """CRC-32C of the bytes (RFC 3720, appendix B.4).

    A CRC is linear: the bytes are cut into lanes of 1 KiB that advance side by side, and the lanes' remainders are
    joined by the operator that appends 1 KiB of zeros.
    """
    num_lanes = len(data) // _LANE_BYTES
    crc = np.uint32(0xFFFFFFFF)
    if num_lanes:
        lanes = np.frombuffer(data, dtype=np.uint8, count=num_lanes * _LANE_BYTES).reshape(num_lanes, _LANE_BYTES)
        remainders = _advanced(np.zeros(num_lanes, dtype=np.uint32), lanes)
        operator = _zeros_operator()
        for remainder in remainders:
            crc = remainder ^ np.bitwise_xor.reduce(operator[np.arange(4), _bytes_of(crc)])
    rest = np.frombuffer(data, dtype=np.uint8, offset=num_lanes * _LANE_BYTES)
    return int(_advanced(np.array([crc]), rest[None])[0]) ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> int:
    """The checksum as tfrecord files hold it: rotated right by 15 bits, plus a constant, modulo 2**32."""
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def _advanced(crc: UInt32[np.ndarray, "n"], columns: np.ndarray) -> UInt32[np.ndarray, "n"]:
    """Remainders `n` after as many more bytes as there are columns of `n m`."""
    table = _byte_table()
    for column in np.ascontiguousarray(columns.T):
        crc = table[(crc ^ column) & 0xFF] ^ (crc >> 8)
    return crc


def _bytes_of(crc: np.uint32) -> np.ndarray:
    return np.array([crc], dtype="<u4").view(np.uint8)


@lru_cache(maxsize=1)
def _byte_table() -> UInt32[np.ndarray, "256"]:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


@lru_cache(maxsize=1)
def _zeros_operator() -> UInt32[np.ndarray, "4 256"]:
    """What each value of each byte of a remainder becomes when a lane of zeros is appended."""
    crc = (np.arange(256, dtype=np.uint32)[None, :] << (8 * np.arange(4, dtype=np.uint32)[:, None])).reshape(-1)
    table = _byte_table()
    for _ in range(_LANE_BYTES):
        crc = table[crc & 0xFF] ^ (crc >> 8)
    return crc.reshape(4, 256)
