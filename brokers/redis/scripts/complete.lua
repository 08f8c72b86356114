-- Removes messages. ARGV: group, then of each its id and record. Returns of each 1, or 0 if it is not
-- this holder's any more.
local results, ids = {}, {}
for i = 2, #ARGV, 2 do
  local ours = call('HGET', held, ARGV[i]) == ARGV[i + 1]
  results[#results + 1] = ours and 1 or 0
  if ours then ids[#ids + 1] = ARGV[i] end
end
if #ids > 0 then remove(ARGV[1], ids) end
return results
