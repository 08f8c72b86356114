-- Takes messages. ARGV: group, consumer, how many, lock time-out in milliseconds, token.
-- Returns: the messages {id, deliveries, fields}; and if there are fewer than asked for, for whom waits: the
-- milliseconds until the next may be ready (-1: none is known), and the ids to watch stream and signal from.
local group, consumer, token = ARGV[1], ARGV[2], ARGV[5]
local wanted, timeout = tonumber(ARGV[3]), tonumber(ARGV[4])
local now = clock()
local taken, records, locks = {}, {}, {}

local function hand_over(id, count, fields)
  taken[#taken + 1] = {id, count, fields}
  records[#records + 1] = id
  records[#records + 1] = token .. ':' .. count
  locks[#locks + 1] = now + timeout
  locks[#locks + 1] = id
end

-- What was taken before.
local function take_again()
  while #taken < wanted do
    local texts = call('ZPOPMIN', again, wanted - #taken)
    if #texts == 0 then return end
    for i = 1, #texts, 2 do
      local id = unplaced(texts[i])
      local record = call('HGET', held, id)
      if record and string.sub(record, 1, 1) == ':' then
        local entry = call('XRANGE', stream, id, id)[1]
        if entry then
          hand_over(id, deliveries(record) + 1, entry[2])
        else -- somebody has deleted it
          call('XACK', stream, group, id)
          call('HDEL', held, id)
        end
      end
    end
  end
end

local function read_group()
  return pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', wanted - #taken, 'STREAMS', stream, '>')
end

-- What was never taken.
local function take_new()
  if #taken == wanted then return end
  local found = read_group()
  if found and found.err and string.find(found.err, 'NOGROUP', 1, true) then
    -- Somebody has deleted the group, or everything. What there is in the stream is as good as new.
    call('DEL', held, locked, paused, again)
    call('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
    taken, records, locks = {}, {}, {}
    found = read_group()
  end
  if not found then return end
  if found.err then error(found) end
  for _, entry in ipairs(found[1][2]) do hand_over(entry[1], 1, entry[2]) end
end

-- Takes over what consumers of others have read and kept for longer than a lock lasts: as XAUTOCLAIM does,
-- but at the old place.
local function adopt()
  local consumers = pcall('XINFO', 'CONSUMERS', stream, group)
  if consumers.err then return false end
  local adopted = false
  for _, info in ipairs(consumers) do
    local name, pending
    for i = 1, #info, 2 do
      if info[i] == 'name' then name = info[i + 1] end
      if info[i] == 'pending' then pending = info[i + 1] end
    end
    if name ~= consumer and pending > 0 then
      for _, entry in ipairs(call('XPENDING', stream, group, 'IDLE', timeout, '-', '+', most, name)) do
        call('XCLAIM', stream, group, consumer, 0, entry[1], 'JUSTID')
        if call('HEXISTS', held, entry[1]) == 0 then
          restore(entry[1], entry[4])
          adopted = true
        end
      end
    end
  end
  return adopted
end

admit(now)
expire(now)
take_again()
take_new()
if #taken == 0 and adopt() then take_again() end
if #taken > 0 then
  call('HSET', held, unpack(records))
  call('ZADD', locked, unpack(locks))
end
if #taken == wanted then return {taken} end

local due = -1
for _, key in ipairs({locked, paused, delayed}) do
  local first = call('ZRANGE', key, 0, 0, 'WITHSCORES')
  if first[2] and (due < 0 or first[2] - now < due) then due = math.max(first[2] - now, 0) end
end
local last = call('XREVRANGE', signal, '+', '-', 'COUNT', 1)[1]
return {taken, due, last_delivered(group) or '0-0', last and last[1] or '0-0'}
