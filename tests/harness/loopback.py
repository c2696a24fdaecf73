"""An HTTP server of a test on a free port of loopback, in a thread: for as long as a `with` lasts, or from start() to
stop()."""
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # what a busy machine has not taken yet is not turned away

    def handle_error(self, request, client_address):
        """A client that hangs up (a killed daemon) is no fault of the test."""


class Request(BaseHTTPRequestHandler):
    """One of them; `served` is the Loopback it came to."""
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        self.served.answer(self)

    do_POST = do_GET

    def body(self):
        return self.rfile.read(int(self.headers['Content-Length']))

    def log_message(self, *_):
        pass


class Loopback:
    """Derive from it: answer(request) is called for each GET and POST, in a thread of its own. `port` is where it
    listens, `place` 127.0.0.1:port, `origin` the URL up to its path."""
    request = Request

    def start(self):
        served = self

        class Handler(self.request):
            pass

        Handler.served = served
        self.server = Server(('127.0.0.1', 0), Handler)
        self.port = self.server.server_address[1]
        self.place = f'127.0.0.1:{self.port}'
        self.origin = f'http://{self.place}'
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()
        return self

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
