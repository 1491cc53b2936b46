-- expect: limit.
while true do for _ in ("a "):rep(10000):gmatch("%f[%w]%w-%f[%W]") do end end
