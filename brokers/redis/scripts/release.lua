-- Gives a message back. ARGV: id, record, the deliveries that count, and after how many milliseconds.
-- Returns 1, or 0 if it is not this holder's any more.
local id, delay = ARGV[1], tonumber(ARGV[4])
if call('HGET', held, id) ~= ARGV[2] then return 0 end
if delay == 0 then
  restore(id, ARGV[3])
else
  call('HSET', held, id, ':' .. ARGV[3])
  call('ZREM', locked, id)
  call('ZADD', paused, clock() + delay, id)
end
wake() -- those who wait set their clocks by it
return 1
