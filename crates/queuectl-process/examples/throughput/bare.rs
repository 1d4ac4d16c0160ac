//! The least that starting `sh -c true` with captured output can cost.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

unsafe extern "C" {
    static environ: *const *mut libc::c_char;
}

pub(crate) fn one() {
    // SAFETY: every pointer is to a live local or a static C string, and every call's result is checked.
    unsafe {
        let (mut out, mut err) = ([0; 2], [0; 2]);
        #[cfg(target_os = "linux")]
        assert!(
            libc::pipe2(out.as_mut_ptr(), libc::O_CLOEXEC) == 0
                && libc::pipe2(err.as_mut_ptr(), libc::O_CLOEXEC) == 0
        );
        #[cfg(not(target_os = "linux"))]
        assert!(libc::pipe(out.as_mut_ptr()) == 0 && libc::pipe(err.as_mut_ptr()) == 0);
        let mut actions = MaybeUninit::uninit();
        assert_eq!(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()), 0);
        libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), out[1], 1);
        libc::posix_spawn_file_actions_adddup2(actions.as_mut_ptr(), err[1], 2);
        let argv = [
            c"sh".as_ptr().cast_mut(),
            c"-c".as_ptr().cast_mut(),
            c"true".as_ptr().cast_mut(),
            null_mut(),
        ];
        let mut pid = 0;
        let sh = c"/bin/sh".as_ptr();
        let failed = libc::posix_spawn(
            &mut pid,
            sh,
            actions.as_ptr(),
            std::ptr::null(),
            argv.as_ptr(),
            environ,
        );
        assert_eq!(failed, 0);
        libc::posix_spawn_file_actions_destroy(actions.as_mut_ptr());
        libc::close(out[1]);
        libc::close(err[1]);
        let mut buffer = [0_u8; 4096];
        for fd in [out[0], err[0]] {
            while libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) > 0 {}
            libc::close(fd);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(pid, &mut status, 0), pid);
    }
}
