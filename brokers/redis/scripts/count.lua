-- Counts messages that are ready, locked (by consumers of others, too) and delayed. ARGV: group.
local now = clock()
admit(now)
expire(now) -- no more than so many of each; what is due beyond that is ready all the same
local function due(key) return call('ZCOUNT', key, '-inf', now) end
local pending = pcall('XPENDING', stream, ARGV[1])
local taken = pending.err and 0 or pending[1]
local locks_over, pauses_over, delays_over = due(locked), due(paused), due(delayed)
local back, pauses = call('ZCARD', again), call('ZCARD', paused)
return {
  call('XLEN', stream) - taken + back + locks_over + pauses_over + delays_over,
  taken - back - pauses - locks_over,
  pauses - pauses_over + call('ZCARD', delayed) - delays_over,
}
