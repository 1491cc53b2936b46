-- expect: limit.
while true do pcall(string.find, ("("):rep(50000), "%b()") end
