-- Whose name is it? Gives each use of a name its declaration, and each function the one around it.
--
-- id.var = { name, fn = the function that declares it (nil: the main chunk), init = its first value, param = number };
-- nil for globals. function.up = the function around it.
return function(ast)
  local scopes, fn = {}, nil
  local visit

  local function open() scopes[#scopes + 1] = {} end
  local function close() scopes[#scopes] = nil end

  local function declare(id, init, param)
    if id.tag ~= "Id" then return end -- `...`
    id.var = { name = id[1], fn = fn, init = init, param = param, node = id }
    scopes[#scopes][id[1]] = id.var
  end

  local function find(name)
    for i = #scopes, 1, -1 do
      if scopes[i][name] then return scopes[i][name] end
    end
  end

  local function visit_all(list)
    for _, node in ipairs(list) do visit(node) end
  end

  local function block(list)
    open()
    visit_all(list)
    close()
  end

  local special = {}

  function special.Id(node) node.var = find(node[1]) end

  function special.Function(node)
    node.up = fn
    open()
    fn = node
    for i, id in ipairs(node[1]) do declare(id, nil, i) end
    block(node[2])
    fn = node.up
    close()
  end

  function special.Local(node)
    visit_all(node[2] or {})
    for i, id in ipairs(node[1]) do declare(id, node[2] and node[2][i]) end
  end

  function special.Localrec(node)
    declare(node[1][1], node[2][1])
    visit_all(node[2])
  end

  function special.Set(node)
    visit_all(node[1])
    visit_all(node[2])
  end

  function special.Fornum(node)
    for i = 2, #node - 1 do visit(node[i]) end
    open()
    declare(node[1])
    block(node[#node])
    close()
  end

  function special.Forin(node)
    visit_all(node[2])
    open()
    for _, id in ipairs(node[1]) do declare(id) end
    block(node[3])
    close()
  end

  function special.Repeat(node)
    open()
    visit_all(node[1])
    visit(node[2]) -- sees what the body declares
    close()
  end

  function visit(node)
    if type(node) ~= "table" then return end
    if not node.tag then
      block(node)
    elseif special[node.tag] then
      special[node.tag](node)
    elseif node.tag == "Do" then
      block(node)
    else
      visit_all(node)
    end
  end

  block(ast)
end
