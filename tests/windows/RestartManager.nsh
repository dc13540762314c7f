; Stands in for the file of this name in newer versions of NSIS, which Tauri's template includes and Debian 12's
; doesn't have: its macros, as far as the template uses them. They change $0 to $2.

!define RmForceShutdown 1

; Sets a variable to the new session, or to "".
!macro RestartManager_StartSession session
  System::Call 'RSTRTMGR::RmStartSession(*i .r1, i 0, w .r2) i .r0'
  ${If} $0 = 0
    Push $1
  ${Else}
    Push ""
  ${EndIf}
  Pop ${session}
!macroend

; Sets $0 to 0, or to an error.
!macro RestartManager_RegisterFile session file
  System::Call '*(w "${file}") p .r1'
  System::Call 'RSTRTMGR::RmRegisterResources(i ${session}, i 1, p r1, i 0, p 0, i 0, p 0) i .r0'
  System::Free $1
!macroend

!macro RestartManager_EndSession session
  System::Call 'RSTRTMGR::RmEndSession(i ${session})'
!macroend
