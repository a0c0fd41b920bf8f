"""The least that a daemon of this kind can be: it imports what ours does, and answers.

A program that knows nothing of ours: `python bare.py SOCKET MODULE…` imports the modules by name and
then answers whatever comes on the socket with as many bytes as a `status` has.
"""

import asyncio
import sys
from importlib import import_module

ANSWER = bytes([0, 0, 0, 40]) + bytes(40) + bytes([0, 0, 1, 144]) + bytes(400)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        writer.write(ANSWER)
    writer.close()


async def _serve(path: str) -> None:
    server = await asyncio.start_unix_server(_answer, path)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    for module in sys.argv[2:]:
        import_module(module)
    asyncio.run(_serve(sys.argv[1]))
