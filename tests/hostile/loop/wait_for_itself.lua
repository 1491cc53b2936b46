-- expect: survives
-- mode: loop
local job
job = loop.spawn(function() assert(not pcall(job.wait, job)) end)
