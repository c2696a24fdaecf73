"""An X API (v2) of one account that misbehaves on command: mentions, recent search, direct messages.

    x = FakeX(token='t', own='1234').start()        x.base: its address; a thread of this process
    p = x.post('Jalan rusak', author=x.user('Siti', 'siti'))    id of a new post that mentions the account
    x.post(..., search=True, mention=False)         found by search only;  late=2: not shown before the second reading
    x.edit(p, 'Jalan rusak parah')                  the id of the new version; the old one is shown no more
    x.retweet(p), x.message('halo')                 a retweet; a direct message
    x.fault('rate', 'half', list='mentions')        what happens to the next requests, one each
    x.hold(), x.let_go()                            requests wait (slow)
    x.requests                                      [Request(list, params, token, status)] as they were answered
    x.natives                                       {native id: [ids]} of all that was ever posted

Faults: rate, rate_blank (429 about:blank), rate_reset (429, x-rate-limit-reset in a second), capped, credits (402), refused
(401), forbidden (403), error (503), drop (the connection ends without an answer), short (announced longer than it is),
half (JSON cut in the middle), broken (no JSON), no_meta, partial (errors beside the data), empty (no data, but
next_token to the same posts), again (the last posts of the page before come once more), round (next_token leads to the
same page), stale (400: next_token), old (400: since_id), clock (400: start_time), bad_post (one element is no post),
large (more bytes than anybody takes); ok: none.

Shapes: docs.x.com, Posts / Timelines, Posts / Search / Recent, Fundamentals / Response codes and errors.
"""
import base64
import collections
import email.utils
import json
import threading
import time
import urllib.parse

from harness.loopback import Loopback

EPOCH_MS = 1288834974657
PROBLEM = 'https://api.twitter.com/2/problems/'
PATHS = {'/2/tweets/search/recent': 'search', '/2/dm_events': 'messages'}

Request = collections.namedtuple('Request', 'list params token status')


def id_of_ms(ms):
    return max(ms - EPOCH_MS, 0) << 22


def ms_of_id(number):
    return (int(number) >> 22) + EPOCH_MS


def iso(ms):
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(ms / 1000)) + f'.{ms % 1000:03d}Z'


class FakeX(Loopback):
    def __init__(self, token='token-uji', own='1234567890', page=None, skew_s=0):
        self.token, self.own, self.page, self.skew_s = token, own, page, skew_s
        self.lock = threading.RLock()
        self.items, self.users, self.media, self.readings = [], {}, {}, 0
        self.faults, self.requests, self.serial, self.last = [], [], 0, []
        self.limit = (450, 449, 900)  # x-rate-limit-limit, remaining, seconds to reset
        self.open = threading.Event()
        self.open.set()
        self.newest_ms = 0

    # --- what citizens do

    def user(self, name, username):
        with self.lock:
            known = {u['username']: i for i, u in self.users.items()}
            if username in known:
                return known[username]
            number = str(900000000 + len(self.users))
            self.users[number] = {'id': number, 'name': name, 'username': username}
            return number

    def _id(self, ms=None):
        with self.lock:
            self.serial += 1
            ms = ms if ms is not None else int(time.time() * 1000)
            return str(id_of_ms(ms) | self.serial & 0x3fffff)

    def post(self, text, author=None, mention=True, search=False, late=0, ms=None, **fields):
        with self.lock:
            number = self._id(ms)
            author = author or self.user('Warga Uji', 'warga_uji')
            item = {'id': number, 'text': text, 'author_id': author, 'created_at': iso(ms_of_id(number)),
                    'conversation_id': number, 'edit_history_tweet_ids': [number], 'lang': 'in', **fields}
            self.items.append({'post': item, 'mentions': mention, 'search': search, 'messages': False,
                               'from': self.readings + late, 'shown': True})
            return number

    def photo(self, url):
        with self.lock:
            key = f'3_{len(self.media) + 1}'
            self.media[key] = {'media_key': key, 'type': 'photo', 'url': url}
            return {'attachments': {'media_keys': [key]}}

    def edit(self, number, text):
        with self.lock:
            old = next(i for i in self.items if i['post']['id'] == number)
            new = self.post(text, old['post']['author_id'], old['mentions'], old['search'])
            self.items[-1]['post']['edit_history_tweet_ids'] = old['post']['edit_history_tweet_ids'] + [new]
            old['shown'] = False
            return new

    def retweet(self, number, author=None):
        return self.post('RT @warga_uji: …', author, referenced_tweets=[{'type': 'retweeted', 'id': number}])

    def message(self, text, author=None):
        with self.lock:
            number = self._id()
            author = author or self.user('Warga Uji', 'warga_uji')
            self.items.append({'post': {'id': number, 'event_type': 'MessageCreate', 'text': text, 'sender_id': author,
                                        'created_at': iso(ms_of_id(number)),
                                        'dm_conversation_id': f'{self.own}-{author}'},
                               'mentions': False, 'search': False, 'messages': True, 'from': 0, 'shown': True})
            return number

    @property
    def natives(self):
        with self.lock:
            found = collections.defaultdict(list)
            for i in self.items:
                post = i['post']
                first = post.get('edit_history_tweet_ids', [post['id']])[0]
                found['dm:' + first if i['messages'] else first].append(post['id'])
            return dict(found)

    # --- how it misbehaves

    def fault(self, *names, list=None):
        with self.lock:
            self.faults += [(n, list) for n in names]

    def hold(self):
        self.open.clear()

    def let_go(self):
        self.open.set()

    def _next_fault(self, name, params):
        """The next one that is for this request; some make sense only behind the first page."""
        first = 'next_token' not in params and 'pagination_token' not in params
        with self.lock:
            for i, (fault, of) in enumerate(self.faults):
                if of in (None, name) and not (first and fault in ('stale', 'again')):
                    del self.faults[i]
                    return fault
            return None

    # --- answers: (status, headers, body) each

    def _problem(self, status, kind, title, **more):
        kind = kind if kind == 'about:blank' else PROBLEM + kind
        return status, {}, {'title': title, 'detail': title, 'type': kind, 'status': status, **more}

    def _invalid(self, parameter, value):
        return 400, {}, {'errors': [{'parameters': {parameter: [value]}, 'message': f"'{parameter}' is invalid"}],
                         'title': 'Invalid Request', 'detail': 'One or more parameters to your request was invalid.',
                         'type': PROBLEM + 'invalid-request'}

    def _refusal(self, fault, params):
        reset = str(int(time.time() + self.skew_s) + 1)
        simple = {'rate': (429, 'rate-limit-exceeded', 'Too Many Requests'),
                  'rate_blank': (429, 'about:blank', 'Too Many Requests'),
                  'rate_reset': (429, 'about:blank', 'Too Many Requests'),
                  'capped': (429, 'usage-capped', 'UsageCapExceeded'),
                  'credits': (402, 'credits', 'CreditsDepleted'),
                  'refused': (401, 'about:blank', 'Unauthorized'),
                  'forbidden': (403, 'client-forbidden', 'Client Forbidden'),
                  'error': (503, 'about:blank', 'Service Unavailable')}
        if fault in simple:
            status, headers, body = self._problem(*simple[fault])
            if fault in ('rate', 'rate_reset'):
                headers = {'x-rate-limit-limit': '450', 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': reset}
            return status, headers, body
        wrong = {'stale': 'next_token', 'old': 'since_id', 'clock': 'start_time'}
        return self._invalid(wrong[fault], params.get(wrong[fault], '')) if fault in wrong else None

    def _matching(self, name, params):
        low = int(params.get('since_id', 0))
        if 'start_time' in params:
            began = time.strptime(params['start_time'][:19], '%Y-%m-%dT%H:%M:%S')
            low = max(low, id_of_ms((int(time.mktime(began)) - time.timezone) * 1000) - 1)
        found = [i['post'] for i in self.items if i[name] and i['shown'] and self.readings > i['from']
                 and int(i['post']['id']) > low]
        return sorted(found, key=lambda p: -int(p['id']))

    def _page(self, name, params, fault):
        """What is below the post that the token names."""
        token = params.get('next_token') or params.get('pagination_token')
        if not token:
            self.readings += 1
        below = int(base64.urlsafe_b64decode(token)) if token else 1 << 63
        posts = [p for p in self._matching(name, params) if int(p['id']) < below]
        size = self.page or int(params.get('max_results', 10))
        shown, more = posts[:size], len(posts) > size
        if fault == 'empty':
            shown, more, below = [], True, below
        body = {'meta': {'result_count': len(shown)}}
        if shown:
            body['meta'].update(newest_id=shown[0]['id'], oldest_id=shown[-1]['id'])
            body['data'] = (self.last[-2:] if fault == 'again' and token else []) + shown
        if more:
            last = below if fault == 'empty' else int(shown[-1]['id'])
            body['meta']['next_token'] = base64.urlsafe_b64encode(str(last).encode()).decode()
        if fault == 'round':
            body['meta']['next_token'] = token or base64.urlsafe_b64encode(str(1 << 62).encode()).decode()
        if fault == 'partial':
            body['errors'] = [{'resource_type': 'tweet', 'title': 'Not Found Error', 'value': '1',
                               'type': PROBLEM + 'resource-not-found', 'detail': 'Could not find it.'}]
        if fault == 'bad_post' and shown:
            body['data'] = body['data'] + [{'text': 'no id'}]
        self.last = shown
        self._includes(body, params)
        return 200, {}, body

    def _includes(self, body, params):
        posts, wanted = body.get('data', []), params.get('expansions', '')
        authors = {p.get('author_id') or p.get('sender_id') for p in posts} & set(self.users)
        keys = {k for p in posts for k in p.get('attachments', {}).get('media_keys', [])}
        includes = {}
        if authors and ('author_id' in wanted or 'sender_id' in wanted):
            includes['users'] = [self.users[a] for a in sorted(authors)]
        if keys and 'media_keys' in wanted:
            includes['media'] = [self.media[k] for k in sorted(keys)]
        if includes:
            body['includes'] = includes

    def _answer(self, path, params, token, fault):
        name = PATHS.get(path) or ('mentions' if path == f'/2/users/{self.own}/mentions' else None)
        if token != f'Bearer {self.token}':
            return name, self._refusal('refused', params)
        if name is None:
            return name, (404, {}, {'title': 'Not Found', 'type': 'about:blank', 'status': 404})
        refusal = self._refusal(fault, params) if fault else None
        return name, refusal or self._page(name, params, fault)

    def respond(self, target, token):
        """(status, headers, bytes, fault) of a GET; keeps it in the list of requests."""
        self.open.wait(60)
        path, _, query = target.partition('?')
        params = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        with self.lock:
            name = PATHS.get(path, 'mentions')
            fault = self._next_fault(name, params)
            name, (status, headers, body) = self._answer(path, params, token, fault)
            self.requests.append(Request(name, params, token, status))
            limit, remaining, reset = self.limit
        if status == 200:
            headers = {'x-rate-limit-limit': str(limit), 'x-rate-limit-remaining': str(remaining),
                       'x-rate-limit-reset': str(int(time.time() + self.skew_s + reset))}
        if fault == 'no_meta':
            body.pop('meta', None)
            body.setdefault('data', [])
        data = json.dumps(body, ensure_ascii=False).encode()
        if fault == 'half':
            data = data[:len(data) // 2]
        if fault == 'broken':
            data = b'<html>Something went wrong</html>'
        if fault == 'large':
            data = b'{"data":"' + b'a' * (9 << 20) + b'"}'
        return status, headers, data, fault

    # --- life

    def answer(self, request):
        status, headers, data, fault = self.respond(request.path, request.headers.get('Authorization', ''))
        if fault == 'drop':
            request.close_connection = True
            return
        request.send_response_only(status)
        request.send_header('Date', email.utils.formatdate(time.time() + self.skew_s, usegmt=True))
        request.send_header('Content-Type', 'application/json; charset=utf-8')
        request.send_header('Content-Length', str(len(data) + (100 if fault == 'short' else 0)))
        for k, v in headers.items():
            request.send_header(k, v)
        request.end_headers()
        request.wfile.write(data)
        request.close_connection |= fault == 'short'

    @property
    def base(self):
        return self.origin

    def stop(self):
        self.let_go()
        super().stop()
