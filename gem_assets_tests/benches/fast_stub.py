"""A chat server lean enough never to be what a bench measures.

python fast_stub.py LATENCY SLOW_SHARE SLOW_FACTOR; answers are held back without a thread, and
the same prompts are always slow.
GET /count tells how many requests came. Writes its port to standard output.
"""

import asyncio
import hashlib
import json
import sys


def seconds_of(prompt: str, latency: float, slow_share: float, slow_factor: float) -> float:
    """How long the answer to a prompt takes."""
    drawn = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8], "big") / 2**64
    return latency * (slow_factor if drawn < slow_share else 1.0)


class Connection(asyncio.Protocol):
    asked = 0
    latency, slow_share, slow_factor = 0.0, 0.0, 1.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + length], self.buffer[end + 4 + length :]
            self.answer(body)

    def answer(self, body: bytes) -> None:
        if not body:
            self.write(json.dumps({"count": Connection.asked}).encode())
            return
        Connection.asked += 1
        messages = json.loads(body)["messages"]
        prompt = str(messages[-1]["content"]) if messages else ""  # some clients ask for headers that way
        message = {"role": "assistant", "content": f"re: {prompt[:40]}"}
        completion = {
            "id": "c", "object": "chat.completion", "created": 1, "model": "stub",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010},
        }  # fmt: skip
        wait = seconds_of(prompt, self.latency, self.slow_share, self.slow_factor)
        reply = json.dumps(completion).encode()
        if wait:
            asyncio.get_running_loop().call_later(wait, self.write, reply)
        else:
            self.write(reply)

    def write(self, reply: bytes) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(reply)}\r\n\r\n"
        self.transport.write(head.encode() + reply)  # pyright: ignore[reportAttributeAccessIssue]


async def main() -> None:
    Connection.latency, Connection.slow_share, Connection.slow_factor = map(float, sys.argv[1:4])
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
