-- expect: route.header
-- mode: get
return { json = {}, headers = { ["Content-Disposition"] = "attachment\0; x" } }
