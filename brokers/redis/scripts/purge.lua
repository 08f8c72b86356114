-- Removes every message. ARGV: group. The group is made anew, because trimming a stream leaves what was
-- delivered in the group's list; ids go on where they were, so that no message gets that of one that is gone.
call('XTRIM', stream, 'MAXLEN', 0)
pcall('XGROUP', 'DESTROY', stream, ARGV[1])
call('XGROUP', 'CREATE', stream, ARGV[1], '$', 'MKSTREAM')
call('UNLINK', held, locked, paused, again, delayed, later)
if call('DEL', full) == 1 then wake() end
return 1
