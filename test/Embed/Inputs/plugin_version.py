"""Prints what a plugin tells a caller that is no MLIR tool.

usage: plugin_version.py PLUGIN
"""

import ctypes
import sys


class PluginInfo(ctypes.Structure):
    """mlir::PassPluginLibraryInfo and mlir::DialectPluginLibraryInfo."""

    _fields_ = [
        ("api_version", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("version", ctypes.c_char_p),
        ("register", ctypes.c_void_p),
    ]


def main(path):
    library = ctypes.CDLL(path)
    for what, function in [
        ("dialects", library.mlirGetDialectPluginInfo),
        ("passes", library.mlirGetPassPluginInfo),
    ]:
        function.restype = PluginInfo
        info = function()
        print(
            f"{what}: version {info.api_version} of {info.name.decode()} {info.version.decode()}"
        )


if __name__ == "__main__":
    main(sys.argv[1])
