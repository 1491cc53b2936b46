-- expect: survives
-- mode: loop
for _, d in ipairs { "-1s", "", "x", {}, ("9"):rep(400) .. "d", "1e308s" } do assert(not pcall(loop.every, d, function() end)) end
