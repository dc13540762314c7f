; What the project adds to Tauri's installer, which calls these macros by their names.

Var HadDesktopLink

!macro NSIS_HOOK_PREINSTALL
  StrCpy $HadDesktopLink 0
  ${If} ${FileExists} "$DESKTOP\${PRODUCTNAME}.lnk"
    StrCpy $HadDesktopLink 1
  ${EndIf}
!macroend

; IT installs and upgrades silently. Tauri's installer would then lay a link on the desktop each time, also where the
; user has thrown it away.
!macro NSIS_HOOK_POSTINSTALL
  ${If} ${Silent}
  ${AndIf} $HadDesktopLink = 0
    Delete "$DESKTOP\${PRODUCTNAME}.lnk"
  ${EndIf}
!macroend

; Where Windows keeps that the user turned the start at login off in its settings.
!macro NSIS_HOOK_POSTUNINSTALL
  ${If} $UpdateMode <> 1
    DeleteRegValue HKCU "Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run" "${PRODUCTNAME}"
  ${EndIf}
!macroend
