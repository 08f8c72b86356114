-- What every script of a queue begins with. All its keys are in one hash slot.
--
--   stream   the messages, each from when it is sent until it is completed
--   held     hash: entry id -> "<token>:<deliveries>" of each message that was ever taken. The token is that of
--            the present holder, empty while nobody holds it
--   locked   sorted set of entry ids by the time when their lock runs out
--   paused   sorted set of those that were released for later, by the time when their pause is over
--   again    sorted set of those that are ready once more, in the order of the stream: they go before
--            what was never taken
--   delayed  sorted set of entries of "later" by the time when they are due
--   later    stream of the messages that are not due yet
--   signal   stream with one entry, which changes when waiting receivers shall look
--   full     is there while a sender waits for room
local stream, held, locked, again, delayed, later, signal, full, paused = unpack(KEYS, 1, 9)
local call, pcall = redis.call, redis.pcall

-- How many messages one script makes ready at most, so that a million that are due at once do not
-- keep the server from everything else.
local most = 1000

-- The clock of the server, in milliseconds.
local function clock()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function wake()
  call('XADD', signal, 'MAXLEN', 1, '*', 'look', 1)
end

-- An entry id as a text that sorts as ids do; and the id in such a text.
local function placed(id)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #number) .. number .. id
end

local function unplaced(text) return string.sub(text, 41) end

-- The deliveries in a record.
local function deliveries(record) return tonumber(string.match(record, ':(%d+)$')) end

-- Makes a message that was taken ready at its old place.
local function restore(id, count)
  call('HSET', held, id, ':' .. count)
  call('ZREM', locked, id)
  call('ZADD', again, 0, placed(id))
end

-- Makes ready what was locked or paused until now.
local function expire(now)
  for _, key in ipairs({locked, paused}) do
    for _, id in ipairs(call('ZRANGE', key, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
      local record = call('HGET', held, id)
      if record then restore(id, deliveries(record)) end
      call('ZREM', key, id)
    end
  end
end

-- Appends to the queue what is due.
local function admit(now)
  for _, text in ipairs(call('ZRANGE', delayed, '-inf', now, 'BYSCORE', 'LIMIT', 0, most)) do
    local id = unplaced(text)
    local entry = call('XRANGE', later, id, id)[1]
    if entry then
      call('XADD', stream, '*', unpack(entry[2]))
      call('XDEL', later, id)
    end
    call('ZREM', delayed, text)
  end
end

-- What the server says of the group; nil if there is none.
local function last_delivered(group)
  local groups = pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, info in ipairs(groups) do
    local named, last
    for i = 1, #info, 2 do
      if info[i] == 'name' then named = info[i + 1] end
      if info[i] == 'last-delivered-id' then last = info[i + 1] end
    end
    if named == group then return last end
  end
  return nil
end

-- Removes messages that were taken.
local function remove(group, ids)
  call('XACK', stream, group, unpack(ids))
  call('XDEL', stream, unpack(ids))
  call('HDEL', held, unpack(ids))
  call('ZREM', locked, unpack(ids))
  if call('DEL', full) == 1 then wake() end
end
