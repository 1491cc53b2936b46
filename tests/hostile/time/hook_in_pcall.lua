-- expect: limit.time
--- chunk
on("time_hook_in_pcall.before_x", function() while true do end end)
--- attack
while true do pcall(events.emit, "time_hook_in_pcall.before_x", {}) end
