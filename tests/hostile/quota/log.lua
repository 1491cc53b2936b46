-- expect: survives | limit.time
-- manifest: limits = { log_per_minute = 5 },
for i = 1, 2000 do log.info("line " .. i) end
