// A program that sleeps for 20 ms and does nothing else: for Linux, without the C library, whose start alone costs a processor
// more than all the rest of a process.

        .globl  _start
_start:
#if defined(__x86_64__)
        lea     time(%rip), %rdi
        xor     %esi, %esi
        mov     $35, %eax               // nanosleep
        syscall
        xor     %edi, %edi
        mov     $60, %eax               // exit
        syscall
#elif defined(__aarch64__)
        adr     x0, time
        mov     x1, #0
        mov     x8, #101                // nanosleep
        svc     #0
        mov     x0, #0
        mov     x8, #93                 // exit
        svc     #0
#endif

        .balign 8
time:   .quad   0, 20000000             // seconds, nanoseconds
