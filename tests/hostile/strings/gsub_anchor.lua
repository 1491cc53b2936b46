-- expect: limit.
while true do ("x"):rep(10000):gsub("x*", "%0%0%0%0%0%0%0%0") end
