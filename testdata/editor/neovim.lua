-- Drives `krowave lsp` as Neovim does, in the directory of a repository. It
-- opens FILE, puts TO in place of FROM without saving, waits for the findings,
-- asks for completion after its first dot, and prints what it gets.
local file, from, to = vim.env.FILE, vim.env.FROM, vim.env.TO
vim.cmd('edit ' .. vim.fn.fnameescape(file))
local buffer = vim.api.nvim_get_current_buf()
local published = 0
local default = vim.lsp.handlers['textDocument/publishDiagnostics']
vim.lsp.handlers['textDocument/publishDiagnostics'] = function(...)
  published = published + 1
  return default(...)
end
local id = vim.lsp.start_client({
  name = 'krowave',
  cmd = { vim.env.KROWAVE, 'lsp' },
  root_dir = vim.fn.getcwd(),
})
vim.lsp.buf_attach_client(buffer, id)

local function wait(what, condition)
  if not vim.wait(60000, condition, 50) then
    io.stderr:write('no answer: ' .. what .. '\n')
    vim.cmd('cquit 1')
  end
end

local function findings()
  return vim.diagnostic.get(buffer)
end

wait('initialize', function()
  local client = vim.lsp.get_client_by_id(id)
  return client and client.initialized
end)
wait('first check', function() return published > 0 end)
print('findings before: ' .. #findings())
for n, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
  local begin, finish = line:find(from, 1, true)
  if begin then
    vim.api.nvim_buf_set_text(buffer, n - 1, begin - 1, n - 1, finish, { to })
    vim.api.nvim_win_set_cursor(0, { n, begin - 1 + #to:match('^.-%.') })
    break
  end
end
wait('findings', function() return #findings() > 0 end)
for _, d in ipairs(findings()) do
  print(string.format('%d:%d [%s] %s', d.lnum + 1, d.col + 1, tostring(d.code or (d.user_data and d.user_data.lsp.code)), d.message))
end
local answers = vim.lsp.buf_request_sync(buffer, 'textDocument/completion', vim.lsp.util.make_position_params(), 60000)
for _, answer in pairs(answers or {}) do
  for n, item in ipairs(answer.result or {}) do
    if n <= 5 then print('offered: ' .. item.label) end
  end
end
vim.lsp.stop_client(id)
vim.cmd('quitall!')
