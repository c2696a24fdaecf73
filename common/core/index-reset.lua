-- Empties the index and gives it an identity, positions at the beginning of both logs. One script,
-- so that an owner who was stopped half-way cannot wipe what its successor wrote since.
--
-- KEYS[1]  meta of the index
-- ARGV     1 identity found when this was decided ("" = none), 2 complaints, 3 submissions found
--          then, 4 new identity, 5 prefix of all keys, glob characters escaped
-- Returns "ok", or { "stale", identity, complaints, submissions }.

local meta = redis.call('HMGET', KEYS[1], 'identity', 'complaints', 'submissions')
if (meta[1] or '') ~= ARGV[1] or (meta[2] or '') ~= ARGV[2] or (meta[3] or '') ~= ARGV[3] then
	return { 'stale', meta[1] or '', meta[2] or '', meta[3] or '' }
end

local cursor = '0'
repeat
	local page = redis.call('SCAN', cursor, 'MATCH', ARGV[5] .. '*', 'COUNT', 1000)
	cursor = page[1]
	for _, key in ipairs(page[2]) do
		redis.call('UNLINK', key)
	end
until cursor == '0'
redis.call('HSET', KEYS[1], 'identity', ARGV[4], 'complaints', '-', 'submissions', '-')
return 'ok'
