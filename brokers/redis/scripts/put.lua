-- Appends messages. ARGV: the most the queue may hold (0: no limit), then of each call: delay in
-- milliseconds, number of messages, and of each message: number of its fields and values, and these.
-- Returns of each call 1, or the id to watch the signal from if there is no room for all of its messages.
if call('EXISTS', delayed) == 1 then admit(clock()) end -- what is due goes before
local limit = tonumber(ARGV[1])
local at = 2
local results = {}
while at <= #ARGV do
  local delay, count = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
  at = at + 2
  local fits = limit == 0 or call('XLEN', stream) + call('ZCARD', delayed) + count <= limit
  for _ = 1, count do
    local fields = tonumber(ARGV[at])
    if fits and delay == 0 then
      call('XADD', stream, '*', unpack(ARGV, at + 1, at + fields))
    elseif fits then
      local id = call('XADD', later, '*', unpack(ARGV, at + 1, at + fields))
      local text = placed(id)
      call('ZADD', delayed, clock() + delay, text)
      if call('ZRANGE', delayed, 0, 0)[1] == text then wake() end
    end
    at = at + 1 + fields
  end
  if fits then
    results[#results + 1] = 1
  else
    call('SET', full, 1, 'PX', 600000)
    local last = call('XREVRANGE', signal, '+', '-', 'COUNT', 1)[1]
    results[#results + 1] = last and last[1] or '0-0'
  end
end
return results
