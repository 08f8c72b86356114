-- Counts ready messages. ARGV: group.
local now = clock()
admit(now)
expire(now)
local pending = pcall('XPENDING', stream, ARGV[1])
local taken = pending.err and 0 or pending[1]
return call('XLEN', stream) - taken + call('ZCARD', again)
  + call('ZCOUNT', locked, '-inf', now) + call('ZCOUNT', delayed, '-inf', now)
