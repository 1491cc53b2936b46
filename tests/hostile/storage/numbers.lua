-- expect: survives | limit.time
for _, book in ipairs { "", ("x"):rep(1 << 20), "a\0b", "\xff", "'; drop" } do pcall(storage.number, book, { year = math.maxinteger }) end
pcall(storage.void, "x", math.maxinteger, ("x"):rep(1 << 20))
