-- expect: survives | limit.time
-- mode: loop
for _, line in ipairs { "", "* * * *", "* * * * * *", "60 * * * *", "*/0 * * * *", "1-0 * * * *", ("*,"):rep(100000) .. "* * * * *", "\0", "0 0 31 2 *", "@reboot" } do
  pcall(loop.cron, line, function() end)
end
