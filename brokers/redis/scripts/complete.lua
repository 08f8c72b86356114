-- Removes messages. ARGV: group, then of each its id and record. Returns of each 1, or 0 if it is not
-- this holder's any more.
local results, ids, wanted = {}, {}, {}
for i = 2, #ARGV, 2 do wanted[#wanted + 1] = ARGV[i] end
for i, record in ipairs(call('HMGET', held, unpack(wanted))) do
  local ours = record == ARGV[2 * i + 1]
  results[i] = ours and 1 or 0
  if ours then ids[#ids + 1] = wanted[i] end
end
if #ids > 0 then remove(ARGV[1], ids) end
return results
