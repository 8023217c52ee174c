"""A web server on this machine that knows a few files."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def file_server(files: Mapping[str, bytes], announced: int | None = None) -> Iterator[str]:
    """Serve files by path; ``announced`` is a content length that may be a lie.

    Yields:
        The server's address, without a slash at its end.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(announced or len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Be quiet."""

    with _running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield address


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[str]:
    """The address of a server, which runs in a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def folder_server(folder: Path) -> Iterator[str]:
    """Serve all files of a folder.

    Yields:
        The server's address, without a slash at its end.
    """

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Be quiet."""

    handler = partial(Handler, directory=str(folder))
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as address:
        yield address
