-- expect: limit.
while true do pcall(string.find, ("a"):rep(1000), "a-a-b") end
