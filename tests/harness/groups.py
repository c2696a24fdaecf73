"""Consumer groups: what Debian's confluent_kafka (1.7) cannot, by librdkafka itself."""

import ctypes
import functools

PRODUCER = 0  # enum rd_kafka_type_t: the lighter kind of client
PTR, TEXT, SIZE = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t


def _function(library, name, result, *arguments):
    f = getattr(library, name)
    f.restype, f.argtypes = result, arguments
    return f


def _client(call, bootstrap):
    conf, why = call('rd_kafka_conf_new', PTR)(), ctypes.create_string_buffer(256)
    for k, v in {'bootstrap.servers': bootstrap, 'log_level': '2'}.items():
        call('rd_kafka_conf_set', ctypes.c_int, PTR, TEXT, TEXT, TEXT, SIZE)(
            conf, k.encode(), v.encode(), why, len(why))
    return call('rd_kafka_new', PTR, ctypes.c_int, PTR, TEXT, SIZE)(PRODUCER, conf, why, len(why))


def _error(call, event):
    """What the answer says of the one group; None: deleted."""
    n, groups = SIZE(), None
    result = call('rd_kafka_event_DeleteGroups_result', PTR, PTR)(event)
    if result:
        groups = call('rd_kafka_DeleteGroups_result_groups', ctypes.POINTER(PTR), PTR,
                      ctypes.POINTER(SIZE))(result, ctypes.byref(n))
    if not n.value:
        return call('rd_kafka_event_error_string', TEXT, PTR)(event).decode()
    error = call('rd_kafka_group_result_error', PTR, PTR)(groups[0])
    return call('rd_kafka_error_string', TEXT, PTR)(error).decode() if error else None


def delete_group(bootstrap, name):
    """The group and its commits are gone: None; or why not."""
    call = functools.partial(_function, ctypes.CDLL('librdkafka.so.1'))
    rk = _client(call, bootstrap)
    queue = call('rd_kafka_queue_new', PTR, PTR)(rk)
    group = call('rd_kafka_DeleteGroup_new', PTR, TEXT)(name.encode())
    call('rd_kafka_DeleteGroups', None, PTR, PTR, SIZE, PTR, PTR)(
        rk, ctypes.byref(PTR(group)), 1, None, queue)
    event = call('rd_kafka_queue_poll', PTR, PTR, ctypes.c_int)(queue, 15000)
    error = _error(call, event) if event else 'no answer within 15 s'
    if event:
        call('rd_kafka_event_destroy', None, PTR)(event)
    call('rd_kafka_DeleteGroup_destroy', None, PTR)(group)
    call('rd_kafka_queue_destroy', None, PTR)(queue)
    call('rd_kafka_destroy', None, PTR)(rk)
    return error
