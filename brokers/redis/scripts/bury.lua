-- Moves a message to the dead-letter queue. KEYS[10]: the stream of that one. ARGV: group, id, record,
-- then the fields and values of the dead message. Returns 1, or 0 if it is not this holder's any more.
local id = ARGV[2]
if call('HGET', held, id) ~= ARGV[3] then return 0 end
call('XADD', KEYS[10], '*', unpack(ARGV, 4))
remove(ARGV[1], {id})
return 1
