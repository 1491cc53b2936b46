-- expect: limit.
while true do pcall(string.pack, "c1000000000", "x") end
