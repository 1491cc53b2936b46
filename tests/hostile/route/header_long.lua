-- expect: route.header
-- mode: get
return { json = {}, headers = { ETag = '"' .. ("x"):rep(100000) .. '"' } }
