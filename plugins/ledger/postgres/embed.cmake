# Writes FILES (NAME_NNNN_what.sql) as a table of {number, name, text} into OUT.
set(rows "")
foreach(file ${FILES})
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "^[a-z]+_0*([0-9]+)_.*$" "\\1" number ${name})
  file(READ ${file} text)
  string(APPEND rows "    {${number}, \"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUT} "#include \"session.hpp\"\n\nnamespace onechat::ledger_postgres {\n\nconst std::vector<Migration>& embedded_migrations() {\n  static const std::vector<Migration> all{\n${rows}  };\n  return all;\n}\n\n}  // namespace onechat::ledger_postgres\n")
