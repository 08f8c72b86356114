-- Shows ready messages {id, fields} in order. ARGV: group, how many.
local group, wanted = ARGV[1], tonumber(ARGV[2])
local now = clock()
admit(now)
expire(now)
local found = {}
for _, text in ipairs(call('ZRANGE', again, 0, wanted - 1)) do
  local entry = call('XRANGE', stream, unplaced(text), unplaced(text))[1]
  if entry then found[#found + 1] = entry end
end
if #found < wanted then
  local last = last_delivered(group)
  local from = last and '(' .. last or '-'
  for _, entry in ipairs(call('XRANGE', stream, from, '+', 'COUNT', wanted - #found)) do
    found[#found + 1] = entry
  end
end
return found
