-- expect: limit.
while true do mark:insert { n = 1 } end
