-- Makes a lock end so many milliseconds from now. ARGV: id, record, milliseconds. Returns 1, or 0 if
-- it is not this holder's any more.
local id = ARGV[1]
if call('HGET', held, id) ~= ARGV[2] then return 0 end
local before, until_ = call('ZSCORE', locked, id), clock() + ARGV[3]
call('ZADD', locked, until_, id)
if not before or until_ < tonumber(before) then wake() end -- those who wait set their clocks by it
return 1
