-- expect: route.header
-- mode: get
return { headers = { Location = "javascript:alert" } }
