-- Applies what counted records change to the index: compare, check everything, then only write.
--
-- KEYS[1]  meta of the index
-- ARGV     1 identity, 2 position of complaints, 3 position of submissions: what must be stored now
--          4 the log that moves ("complaints" or "submissions"), 5 its new position
--          6 prefix of all keys, 7... operations: name, key, and the name's number of arguments
-- Returns "ok", or { "stale", identity, complaints, submissions } with what is stored instead.
-- Nothing of one call is written when anything is wrong with it: no half-applied record.

local arity = { set = 1, del = 0, hset = 2, hdel = 1, zadd = 2, zrem = 1, sadd = 1, srem = 1 }
local kinds = { set = 'string', hset = 'hash', hdel = 'hash', zadd = 'zset', zrem = 'zset',
	sadd = 'set', srem = 'set' }

local meta = redis.call('HMGET', KEYS[1], 'identity', 'complaints', 'submissions')
if meta[1] ~= ARGV[1] or meta[2] ~= ARGV[2] or meta[3] ~= ARGV[3] then
	return { 'stale', meta[1] or '', meta[2] or '', meta[3] or '' }
end
if ARGV[4] ~= 'complaints' and ARGV[4] ~= 'submissions' then
	return redis.error_reply('ERR unknown log')
end

local at = 7
while at <= #ARGV do
	local name, n = ARGV[at], arity[ARGV[at]]
	if not n or at + 1 + n > #ARGV then
		return redis.error_reply('ERR malformed operation at ' .. at)
	end
	if name == 'zadd' and not tonumber(ARGV[at + 2]) then
		return redis.error_reply('ERR no number at ' .. at + 2)
	end
	local found = redis.call('TYPE', ARGV[6] .. ARGV[at + 1]).ok
	if kinds[name] and found ~= 'none' and found ~= kinds[name] then
		return redis.error_reply('ERR a key holds a ' .. found)
	end
	at = at + 2 + n
end

at = 7
while at <= #ARGV do
	local n = arity[ARGV[at]]
	redis.call(ARGV[at], ARGV[6] .. ARGV[at + 1], unpack(ARGV, at + 2, at + 1 + n))
	at = at + 2 + n
end
redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
return 'ok'
