-- expect: limit.
while true do pcall(string.match, ("a"):rep(5000), "(.*)(.*)(.*)(.*)b") end
