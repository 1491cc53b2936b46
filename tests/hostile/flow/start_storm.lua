-- expect: limit.
while true do flow.start("attack", {}) end
