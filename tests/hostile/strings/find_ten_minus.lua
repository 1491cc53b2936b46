-- expect: limit.
while true do pcall(string.find, ("a"):rep(30), ("a-"):rep(10) .. "b") end
