-- expect: limit.
while true do pcall(date.between, date.parse("01/01/1900"), date.parse("31/12/2999"), "working days") end
