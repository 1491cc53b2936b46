-- expect: limit.time
-- mode: locale
for _ = 0, 1e300 do end
