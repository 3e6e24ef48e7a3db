"""Open tabs, as a process of their own: `python -m bench.tabs PORT COOKIE COUNT`. Says when all are open, and reads."""

import asyncio
import sys


async def main(port: int, cookie: str, count: int) -> None:
    """Keep this many event streams open until killed."""
    head = f"GET /api/events/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n".encode()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            if b" 200 " not in await reader.readline():
                raise AssertionError("the stream was refused")
            tasks.create_task(_read(reader, writer))
        print("open", flush=True)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass
    writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
