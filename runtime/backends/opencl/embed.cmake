# Writes `out`: the text of every OpenCL source in `files`, without comments and indentation, as the table of sources.h.
list(SORT files)
set(entries "")
set(count 0)
foreach(path ${files})
  get_filename_component(name ${path} NAME_WE)
  file(READ ${path} text)
  string(REGEX REPLACE "//[^\n]*" "" text "${text}")
  string(REGEX REPLACE "\n[ \n]+" "\n" text "${text}")
  string(REGEX REPLACE "  +" " " text "${text}")
  string(APPEND entries "    {\"${name}\", R\"edgecl(${text})edgecl\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${out} "#include \"backends/opencl/sources.h\"\n\nnamespace edgert {\n\n"
  "const OpenclSource kOpenclSources[] = {\n${entries}    {nullptr, nullptr}};\n"
  "const size_t kOpenclSourceCount = ${count};\n\n}  // namespace edgert\n")
