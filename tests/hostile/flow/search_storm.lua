-- expect: limit.
while true do flow.find({}, { limit = 1000 }) end
