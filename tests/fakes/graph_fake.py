"""A Graph API of one page and its Instagram account that misbehaves on command.

    g = FakeGraph(token='t').start()                g.base: its address with a version; a thread of this process
    p = g.post('Pengumuman')                        a post of the page's own;  g.post('Banjir', 'visitor', author)
    c = g.comment(p, 'Jalan rusak', author)         late=2: not shown in the next two readings of its edge
    m = g.message('Halo', author, platform='instagram')
    g.media(), g.ig_comment(media, 'Macet', reply_to=c), g.tag('…'), g.mention('…')   Instagram
    g.fault('rate', 'half', edge='comments')        what happens to the next calls of that edge (any), one each
    g.hold(), g.let_go()                            calls wait (slow)
    g.usage = 85, g.business = (97, 19)             percent; percent and minutes
    g.calls                                         [Call(method, edge, path, params, verdict)] as they were answered
    g.natives                                       every id a citizen's words have

Faults: rate, rate17, rate32, rate613, rate80001 (throttled), dead (190), denied (200), gone (100), transient (2), error
(500), drop (the connection ends), short (announced longer than it is), half (JSON cut), html, nothing (200 without
data), empty (an empty page that has a next one), again (the last items of the page before once more), round (a next
page that is the same one), bad_item (an element that is none), surrogate (one that cannot be decoded).

Shapes: developers.facebook.com, Graph API (paging results, error handling, rate limits), Instagram Platform.
"""
import base64
import collections
import hashlib
import hmac
import json
import threading
import time
import urllib.parse

from harness.loopback import Loopback

PAGE, INSTAGRAM, APP = '100000000000001', '17840000000000001', '200000000000002'
VERSION = '/v23.0'
EDGES = {'tagged', 'visitor_posts', 'published_posts', 'comments', 'conversations', 'messages', 'media', 'replies',
         'tags', 'subscribed_apps'}
CODES = {'rate': 4, 'rate17': 17, 'rate32': 32, 'rate613': 613, 'rate80001': 80001, 'dead': 190, 'denied': 200,
         'gone': 100, 'transient': 2}

Call = collections.namedtuple('Call', 'method edge path params verdict')


def iso(ms):
    return time.strftime('%Y-%m-%dT%H:%M:%S+0000', time.gmtime(ms / 1000))


class FakeGraph(Loopback):
    def __init__(self, token='token-uji', secret=None, page=25):
        self.token, self.secret, self.page = token, secret, page
        self.lock = threading.RLock()
        self.lists = collections.defaultdict(list)  # path of an edge -> [(shown from reading, item)]
        self.readings, self.objects = collections.Counter(), {}
        self.faults, self.calls, self.serial, self.natives = [], [], 0, []
        self.usage, self.business, self.subscribed = 0, None, []
        self.last_page = {}
        self.open = threading.Event()
        self.open.set()

    # --- what citizens do

    def _id(self, prefix=''):
        with self.lock:
            self.serial += 1
            return f'{prefix}{self.serial + 500000}'

    def _add(self, path, item, ms, late=0, key='created_time', native=True):
        with self.lock:
            item[key] = iso(ms if ms is not None else time.time() * 1000)
            self.lists[path].insert(0, (self.readings[path] + late, item))
            self.objects[item['id']] = item
            if native:
                self.natives.append(item['id'])
            return item['id']

    @staticmethod
    def author(name='Warga Uji'):
        return {'id': str(700000 + sum(name.encode())), 'name': name}

    def post(self, text, kind='published', author=None, ms=None, late=0):
        who = {'id': PAGE, 'name': 'Kota'} if kind == 'published' else author or self.author()
        edge = {'published': 'published_posts', 'visitor': 'visitor_posts', 'tagged': 'tagged'}[kind]
        return self._add(f'/{PAGE}/{edge}', {'id': self._id(f'{PAGE}_'), 'from': who, 'message': text}, ms, late,
                         native=kind != 'published')

    def comment(self, post, text, author=None, ms=None, late=0, **more):
        item = {'id': self._id(post.split('_')[-1] + '_'), 'from': author or self.author(), 'message': text, **more}
        return self._add(f'/{post}/comments', item, ms, late)

    def chat(self, author, platform='messenger'):
        with self.lock:
            path, chat = f'/{PAGE}/conversations/{platform}', f"t_{author['id']}{platform}"
            self.lists[path] = [e for e in self.lists[path] if e[1]['id'] != chat]
            return self._add(path, {'id': chat}, None, key='updated_time', native=False)

    def message(self, text, author=None, platform='messenger', ms=None, late=0, **more):
        author = author or self.author()
        chat = self.chat(author, platform)
        return self._add(f'/{chat}/messages', {'id': self._id('m_'), 'from': author, 'message': text, **more}, ms, late)

    def media(self, ms=None):
        return self._add(f'/{INSTAGRAM}/media', {'id': self._id('178')}, ms, key='timestamp', native=False)

    def ig_comment(self, media, text, username='budi', ms=None, late=0, reply_to=None):
        item = {'id': self._id('179'), 'text': text, 'username': username,
                'from': {'id': str(800000 + sum(username.encode())), 'username': username}}
        if not reply_to:
            return self._add(f'/{media}/comments', item, ms, late, key='timestamp')
        item['parent_id'] = reply_to
        return self._add(f'/{reply_to}/replies', item, ms, late, key='timestamp')

    def tag(self, text, username='budi', ms=None):
        item = {'id': self._id('178'), 'caption': text, 'username': username, 'media_type': 'IMAGE',
                'media_url': 'https://cdn.example/foto.jpg'}
        return self._add(f'/{INSTAGRAM}/tags', item, ms, key='timestamp')

    def mention(self, text):
        """A comment of another's post that names the account: only its id is told by the webhook."""
        with self.lock:
            number = self._id('179')
            self.objects[number] = {'id': number, 'text': text, 'timestamp': iso(time.time() * 1000),
                                    'media': {'id': self._id('178')}}
            self.natives.append(number)
            return number

    def remove(self, number):
        with self.lock:
            self.objects.pop(number, None)
            for path, entries in self.lists.items():
                self.lists[path] = [e for e in entries if e[1]['id'] != number]

    # --- what the tests do to it

    def fault(self, *names, edge=None):
        with self.lock:
            self.faults += [(name, edge) for name in names]

    def hold(self):
        self.open.clear()

    def let_go(self):
        self.open.set()

    def _next_fault(self, edge):
        for i, (name, of) in enumerate(self.faults):
            if of in (None, edge):
                return self.faults.pop(i)[0]
        return None

    # --- answers

    def _listed(self, path):
        """Items of an edge as they are shown now; a reading begins with its first page."""
        items = [dict(item) for since, item in self.lists[path] if since <= self.readings[path]]
        for item in items:  # replies stand in their comment, the first few of them
            replies = self.lists.get(f"/{item['id']}/replies")
            if replies:
                inner = [r for _, r in replies]
                item['replies'] = {'data': inner[:2]}
                if len(inner) > 2:
                    item['replies']['paging'] = {'next': 'https://elsewhere.example/x?after=zz'}
        return items

    def _page(self, path, params, fault):
        at = int(base64.urlsafe_b64decode(params['after'])) if 'after' in params else 0
        if at == 0:
            self.readings[path] += 1
        items = self._listed(path)
        size = min(int(params.get('limit', 25)), self.page)
        data, at_next = items[at:at + size], at + size
        if fault == 'empty':
            data, at_next = [], at
        elif fault == 'again':
            data = self.last_page.get(path, [])[-2:] + data
        elif fault == 'round':
            at_next = at
        elif fault == 'bad_item':
            data = [7, {'message': 'tanpa id'}] + data
        elif fault == 'nothing':
            return {'paging': {}}
        self.last_page[path] = data
        answer = {'data': data}
        if at_next < len(items) or fault in ('empty', 'round'):
            query = {k: v for k, v in params.items() if k != 'after'}
            query['after'] = base64.urlsafe_b64encode(str(at_next).encode()).decode()
            query['access_token'] = self.token
            answer['paging'] = {'cursors': {'after': query['after']},
                                'next': f'https://elsewhere.example{VERSION}{path}?{urllib.parse.urlencode(query)}'}
        return answer

    def _object(self, number, params):
        fields = params.get('fields', '')
        for member, argument in (('mentioned_comment', 'comment_id'), ('mentioned_media', 'media_id')):
            if fields.startswith(f'{member}.{argument}('):
                wanted = fields.split('(')[1].split(')')[0]
                found = self.objects.get(wanted)
                return {'id': number, **({member: found} if found else {})}
        return self.objects.get(number)

    def _subscriptions(self, method, params):
        if method == 'POST':
            self.subscribed = [{'id': APP, 'name': 'Muara', 'subscribed_fields': params['subscribed_fields'].split(',')}]
            return {'success': True}
        return {'data': self.subscribed}

    def _proof_ok(self, params):
        if not self.secret:
            return True
        want = hmac.new(self.secret.encode(), self.token.encode(), hashlib.sha256).hexdigest()
        return params.get('appsecret_proof') == want

    @staticmethod
    def _error(code):
        return (401 if code == 190 else 400), {'error': {'message': 'ditolak', 'type': 'OAuthException', 'code': code,
                                                         'fbtrace_id': 'x'}}

    def judge(self, method, target, headers):
        """(status, body or None when the connection ends, verdict, edge, path, params)"""
        parts = urllib.parse.urlsplit(target)
        params = dict(urllib.parse.parse_qsl(parts.query))
        path = parts.path.removeprefix(VERSION)
        edge = path.rsplit('/', 1)[1] if path.rsplit('/', 1)[1] in EDGES else 'object'
        with self.lock:
            fault = self._next_fault(edge)
            if headers.get('Authorization') != f'Bearer {self.token}' or not self._proof_ok(params):
                return *self._error(190), 'dead', edge, path, params
            if fault in CODES:
                return *self._error(CODES[fault]), fault, edge, path, params
            if fault == 'error':
                return 500, {'error': {'code': 1}}, fault, edge, path, params
            if edge == 'subscribed_apps':
                return 200, self._subscriptions(method, params), 'ok', edge, path, params
            if edge == 'object':
                found = self._object(path.strip('/'), params)
            else:
                listed = f"{path}/{params['platform']}" if edge == 'conversations' else path
                owner = path.split('/')[1]
                there = owner in (PAGE, INSTAGRAM) or owner in self.objects
                found = self._page(listed, params, fault) if there else None
            if found is None:
                return *self._error(100), 'gone', edge, path, params
            return 200, found, fault or 'ok', edge, path, params

    # --- the server

    def answer(self, request):
        self.open.wait(60)
        status, found, verdict, edge, path, params = self.judge(request.command, request.path, request.headers)
        body = json.dumps(found).encode()
        if verdict == 'half':
            body = body[:len(body) // 2]
        elif verdict == 'html':
            body = b'<html>Sorry, something went wrong.</html>'
        elif verdict == 'surrogate':
            body = body.replace(b'{"data": [', b'{"data": [{"id": "1_1", "message": "\\ud800"}, ', 1)
        with self.lock:
            self.calls.append(Call(request.command, edge, path, params, verdict))
        if verdict == 'drop':
            request.close_connection = True
            return
        request.send_response(status)
        request.send_header('Content-Type', 'application/json')
        request.send_header('X-App-Usage', json.dumps({'call_count': self.usage, 'total_time': 1}))
        if self.business:
            request.send_header('X-Business-Use-Case-Usage', json.dumps(
                {PAGE: [{'type': 'pages', 'call_count': self.business[0],
                         'estimated_time_to_regain_access': self.business[1]}]}))
        request.send_header('Content-Length', str(len(body) + (100 if verdict == 'short' else 0)))
        request.end_headers()
        request.wfile.write(body)
        request.close_connection = request.close_connection or verdict == 'short'

    @property
    def base(self):
        return f'{self.origin}{VERSION}'

    def stop(self):
        self.open.set()
        super().stop()
