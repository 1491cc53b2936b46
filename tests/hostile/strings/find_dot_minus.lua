-- expect: limit.
while true do pcall(string.find, ("a"):rep(20000), ".-b") end
